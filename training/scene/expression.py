"""What a face does: eight plain controls, and the model's expressions that make them."""

from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class Expression:
    """A face's motion; every control is 0 at rest.

    Attributes:
        smile: 0 to 1.15; teeth show from about 0.4.
        jaw: 0 closed, 1 wide open.
        blink: 0 eyes open, 1 both closed.
        brow: 1 raised, -1 knitted.
        pucker: 0 to 1.
        sad: 0 to 1, corners of the mouth drawn down.
        gaze_x: 1 is as far to the face's left as eyes turn.
        gaze_y: 1 is as far up as eyes turn.
    """

    smile: float = 0.0
    jaw: float = 0.0
    blink: float = 0.0
    brow: float = 0.0
    pucker: float = 0.0
    sad: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0


def blendshapes(expression: Expression, slackness: float = 0.0) -> dict[str, float]:
    """The weights of the model's own expressions.

    Args:
        expression: the controls.
        slackness: 0 to 1, how far age lets lips roll in, lids and brows sink.

    Returns:
        Name -> weight, for `FaceModel.deformation`. Controls add up: a smile narrows the eyes of an old face further.
    """
    weights: defaultdict[str, float] = defaultdict(float)

    def add(amount: float, **shares: float) -> None:
        for name, share in shares.items():
            weights[name] += share * amount

    add(
        slackness,
        mouthFrown=0.3,
        mouthRollUpper=0.30,
        mouthRollLower=0.22,
        eyeSquint=0.30,
        browDown=0.18,
        noseSneer=0.06,
    )
    # A smile is more than its corners: cheeks rise, lids narrow, lips part over the teeth.
    add(
        max(0.0, expression.smile),
        mouthSmile=0.85,
        cheekSquint=0.5,
        eyeSquint=0.35,
        mouthUpperUp=0.42,
        mouthLowerDown=0.38,
        jawOpen=0.05,
        mouthDimple=0.1,
    )
    add(expression.jaw, jawOpen=0.55)
    add(max(0.0, expression.jaw), mouthFunnel=0.1)
    add(expression.blink, eyeBlink=1.0)
    add(max(0.0, expression.brow), browInnerUp=0.8, browOuterUp=0.8, eyeWide=0.5)
    add(max(0.0, -expression.brow), browDown=0.9, noseSneer=0.2, eyeSquint=0.2)
    add(max(0.0, expression.pucker), mouthPucker=0.8)
    add(max(0.0, expression.sad), mouthFrown=0.8, mouthShrugLower=0.3)
    add(max(0.0, expression.gaze_x), eyeLookOut_L=1.0, eyeLookIn_R=1.0)
    add(max(0.0, -expression.gaze_x), eyeLookIn_L=1.0, eyeLookOut_R=1.0)
    add(max(0.0, expression.gaze_y), eyeLookUp=1.0)
    add(max(0.0, -expression.gaze_y), eyeLookDown=1.0)
    return dict(weights)
