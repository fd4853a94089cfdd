using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Scoring;

/// <summary>The getters of the two output columns over the current row's probabilities.</summary>
internal sealed class ScoreGetters(ScoreGetters.Current current)
{
    /// <summary>The probabilities of the row that the cursor stands on.</summary>
    internal delegate ReadOnlySpan<float> Current();

    public ValueGetter<TValue> Create<TValue>(DataViewSchema.Column column, bool isScore)
    {
        Delegate getter = isScore ? (ValueGetter<VBuffer<float>>)GetScore : (ValueGetter<uint>)GetPredictedLabel;
        return getter as ValueGetter<TValue> ?? throw new InvalidOperationException(
            $"The column '{column.Name}' is of type {column.Type}; it cannot be read as {typeof(TValue)}.");
    }

    public static void CheckActive(DataViewRow row, DataViewSchema.Column column)
    {
        if (!row.IsColumnActive(column))
        {
            throw new ArgumentOutOfRangeException(
                nameof(column), $"The column '{column.Name}' was not asked for when the row or cursor was made.");
        }
    }

    private void GetScore(ref VBuffer<float> score)
    {
        var probabilities = current();
        var editor = VBufferEditor.Create(ref score, probabilities.Length);
        probabilities.CopyTo(editor.Values);
        score = editor.Commit();
    }

    // The likeliest class as a key, which counts from 1; the first of equals, as ML.NET has it.
    private void GetPredictedLabel(ref uint label)
    {
        var probabilities = current();
        var best = 0;
        for (var i = 1; i < probabilities.Length; i++)
        {
            if (probabilities[i] > probabilities[best])
            {
                best = i;
            }
        }

        label = (uint)best + 1;
    }
}
