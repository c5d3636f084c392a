"""The wangge service: features over PostGIS, a web application and a command line."""
