namespace ResNetMLNet;

/// <summary>Which random changes training may make to a picture. A flip is right for shirts and wrong for digits and text.</summary>
[Flags]
public enum Augmentation
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Half of the pictures are mirrored, left to right.</summary>
    Flip = 1,

    /// <summary>Pictures are shifted by up to a sixteenth of their side, and what is left free is black.</summary>
    Shift = 2,

    /// <summary>A square of a quarter of the side, at a random place, is made black in half of the pictures.</summary>
    Erase = 4,
}
