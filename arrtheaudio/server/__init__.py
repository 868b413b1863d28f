"""What Sonarr and Radarr talk to: takes a request, puts jobs into the queue, answers. It never opens media itself."""
