"""A made-up vendor with one model, as a provider of anymedia: the smallest one that keeps every promise."""

from anymedia_example.provider import ExampleProvider

__all__ = ["ExampleProvider"]
