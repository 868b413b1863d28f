"""Values in, values out: no clock, file, environment or click."""
