"""Change a garment in a photo by prompt: the words, the mask, the engines, and what comes out.

from ewardrobe.restyling import restyle
restyle("photo.jpg", "make the shirt red").save("red.png")
"""
