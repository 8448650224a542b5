"""Stages 5 and 6: what a task taught, and the gate before any of it lasts.

Harvest and nudges watch the steps; reflection looks back once; both end in proposals, and only the gate turns a
proposal into a generation. Nothing in here can be changed by what it judges.
"""
