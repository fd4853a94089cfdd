namespace ResNetMLNet;

/// <summary>How much the classes count in the loss and the metrics of training.</summary>
public enum ClassWeights
{
    /// <summary>Every picture counts the same, so that frequent classes count more.</summary>
    Equal,

    /// <summary>
    /// Every class counts the same, however few pictures it has: a picture's weight is n / (k n_c) for n pictures of k classes, n_c of them of its
    /// own (King and Zeng, 2001; scikit-learn's <c>class_weight="balanced"</c>). Example weights multiply it, and count in n and n_c.
    /// </summary>
    Balanced,
}
