"""Do the probabilities mean what they say?"""
