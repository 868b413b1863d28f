"""The Movie Database: what it says of a title, asked as seldom as can be.

`titles` knows the API, `client` asks it, `cache` remembers, `ids` and `nfo` find out which title a file is of.
"""

# TMDB's terms of use ask every program for these words.
ATTRIBUTION = "This product uses the TMDB API but is not endorsed or certified by TMDB."
