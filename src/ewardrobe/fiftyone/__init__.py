"""The FiftyOne plugin: clothes segmented, changed, evaluated, embedded, exported and kept, over whole datasets.

`plugins/fiftyone` in the repository is what FiftyOne finds; it calls `ewardrobe.fiftyone.operators.register`. What the
operators do lies in modules without a form: each is a generator that takes a FiftyOne view, yields a `Step` after every
photo and returns a `Summary` (`work.finish` runs one to its end). This is the only room that imports FiftyOne.
"""
