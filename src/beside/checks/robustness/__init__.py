"""Does the answer survive what should not matter?"""
