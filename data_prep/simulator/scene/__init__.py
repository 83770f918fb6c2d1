"""The parts of any sport's picture: canvas, camera, figure, drawing, broadcast. Knows no sport."""
