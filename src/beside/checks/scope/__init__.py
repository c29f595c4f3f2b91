"""Does it notice texts that are none of its business?"""
