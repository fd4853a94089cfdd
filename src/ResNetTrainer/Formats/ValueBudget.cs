namespace ResNetMLNet.Formats;

/// <summary>
/// How many values may be made of a file of weights. Several tensors may see the same ones, and halves are widened; more than this is no
/// such file, but one that asks for memory.
/// </summary>
/// <param name="size">The bytes of the file.</param>
internal sealed class ValueBudget(long size)
{
    /// <summary>For each byte of the file.</summary>
    public const int MostPerByte = 4;

    private Int128 _left = (Int128)size * MostPerByte;

    /// <summary>Takes so many, where there are as many left.</summary>
    public bool TryTake(long count)
    {
        if (count > _left)
        {
            return false;
        }

        _left -= count;
        return true;
    }
}
