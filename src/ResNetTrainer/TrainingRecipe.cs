namespace ResNetMLNet;

/// <summary>How a network is trained: initialisation, optimizer, schedule, augmentation.</summary>
public enum TrainingRecipe
{
    /// <summary>
    /// The best accuracy for the time: warm-up and linear decay of the learning rate, Nesterov momentum, weight decay, blocks
    /// that start as the identity, flips, and erasing from 16 epochs on, which networks from scratch for fewer than 4,000 images do
    /// without. In fewer epochs, networks from scratch see images in colour of up to 40 pixels a side shifted, from 4,000 images on.
    /// Networks from scratch have label smoothing of 0.1, below 40,000 images, and their convolutions are trained by Muon, which makes
    /// each update orthogonal (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon).
    /// </summary>
    Fast,

    /// <summary>
    /// Exactly that of Dive into Deep Learning, 7.6 (first edition): plain SGD with a constant learning rate of 0.05, batches of 256,
    /// 10 epochs, Xavier initialisation, no augmentation.
    /// </summary>
    Book,

    /// <summary>
    /// Accuracy before time: as <see cref="Fast"/>, for up to five times as many epochs (docs/CHOOSING.md, "Epochs"). From scratch,
    /// images of up to 40 pixels a side have shifts and random erasing; larger ones are smaller in the first three quarters of training
    /// where the network is large enough for them (progressive resizing).
    /// </summary>
    Best,
}

/// <summary>Which random changes training may make to an image. A flip is right for shirts and wrong for digits and text.</summary>
[Flags]
public enum Augmentation
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Half of the images are mirrored, left to right.</summary>
    Flip = 1,

    /// <summary>Images are shifted by up to a sixteenth of their side, and what is left free is black.</summary>
    Shift = 2,

    /// <summary>A square of a quarter of the side, at a random place, is made black in half of the images.</summary>
    Erase = 4,

    /// <summary>
    /// Images are shifted by up to an eighth of their side, and what is left free is black: cropping after padding by 4 pixels at a side of
    /// 32, as most published results do. Takes the place of <see cref="Shift"/>.
    /// </summary>
    Crop = 8,

    /// <summary>
    /// A rectangle of 2% to 40% of the area, at a random place, gets random values, in [0, 1], in half of the images (Zhong et al., 2017,
    /// https://arxiv.org/abs/1708.04896). Takes the place of <see cref="Erase"/>.
    /// </summary>
    RandomErasing = 16,

    /// <summary>
    /// For photographs: instead of the whole image, the network sees a random part of it in random proportions (3:4 to 4:3); how small it
    /// may be is <see cref="ResNetTrainer.Options.SmallestCrop"/>. Images larger than the network sees are kept half as large again for it.
    /// </summary>
    RandomResizedCrop = 32,

    /// <summary>
    /// The network sees the weighted mean of two images and learns both of their labels, each as much as its image shows (mixup with
    /// shares by Beta(1, 1); Zhang et al., 2017, https://arxiv.org/abs/1710.09412). No recipe does it. The accuracy of a training counts
    /// the label of the image that shows more.
    /// </summary>
    Mixup = 64,

    /// <summary>
    /// Half of the images are turned upside down: right for what is seen from above, through a microscope, on a table. No recipe does it.
    /// <see cref="ResNetTrainer.Options.AllowFlip"/> does not speak of it.
    /// </summary>
    VerticalFlip = 128,

    /// <summary>
    /// Images are turned by up to <see cref="ResNetTrainer.Options.LargestRotation"/> degrees either way; beyond its edges an image is
    /// mirrored. No recipe does it.
    /// </summary>
    Rotation = 256,

    /// <summary>
    /// Brightness, contrast and, of images in colour, saturation are multiplied by factors of 0.6 to 1.4 each, in this order (torchvision's
    /// ColorJitter(0.4, 0.4, 0.4)). For images and bytes, not for floats. No recipe does it.
    /// </summary>
    ColorJitter = 512,

    /// <summary>
    /// A rectangle of each image shows the same place of another image, and the network learns both of their labels, each as much as its
    /// image shows (CutMix with areas by Beta(1, 1), cut off at the edges; Yun et al., 2019, https://arxiv.org/abs/1905.04899). With
    /// <see cref="Mixup"/> a coin decides for each batch which of them it has. For wide networks in long trainings; no recipe does it. The
    /// accuracy of a training counts the label of the image that shows more.
    /// </summary>
    CutMix = 1024,
}

/// <summary>How much the classes count in the loss and the metrics of training.</summary>
public enum ClassWeights
{
    /// <summary>Every image counts the same, so that frequent classes count more.</summary>
    Equal,

    /// <summary>
    /// Every class counts the same, however few images it has: an image's weight is n / (k n_c) for n images of k classes, n_c of
    /// them of its own (King and Zeng, 2001; scikit-learn's <c>class_weight="balanced"</c>). Example weights multiply it, and count in
    /// n and n_c.
    /// </summary>
    Balanced,
}
