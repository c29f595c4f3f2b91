"""When should it hand over to a person?"""
