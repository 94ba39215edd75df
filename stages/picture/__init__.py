"""Moving the picture itself: its own pixels go where the generator's frames say that a face goes.

`stages.picture.mover` is the way in; `docs/architecture.md` says what each room holds.
"""
