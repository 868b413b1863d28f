"""The programs around us: Sonarr and Radarr, Plex, Jellyfin and Emby."""
