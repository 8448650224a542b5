"""A session as one HTML page that needs nothing else: no script, font, picture or address from outside."""
