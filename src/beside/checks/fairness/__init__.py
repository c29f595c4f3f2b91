"""Is it as good for everybody?"""
