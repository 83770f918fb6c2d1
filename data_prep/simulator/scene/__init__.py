"""What any sport's picture is made of: canvas, camera, figure, drawing, broadcast. Knows no sport."""
