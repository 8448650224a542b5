"""What a person does with a project's scaffold in its sandbox: run a tool, find the generation that broke it.

No session and no model: nothing here asks one, and nothing is learnt from what happens here.
"""
