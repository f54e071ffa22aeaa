"""Moderation of what others write about a film."""

from catalog.models import Review


def approve(review: Review) -> Review:
    """Show a review to visitors, as far as its rights allow a body."""
    return _decide(review, Review.Moderation.APPROVED)


def reject(review: Review) -> Review:
    """Keep a review from visitors."""
    return _decide(review, Review.Moderation.REJECTED)


def _decide(review: Review, decision: Review.Moderation) -> Review:
    review.moderation = decision
    review.save(update_fields=["moderation"])
    return review
