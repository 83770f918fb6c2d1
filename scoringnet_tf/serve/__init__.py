"""A web page that takes videos and shows their reports: `scoringnet serve`."""
