"""`make demo`: a month in one person's life, played against a real system of its own and told as a story."""
