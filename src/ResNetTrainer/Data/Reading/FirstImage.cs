using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data.Reading;

/// <summary>The first image of the data, whose shape a model has that keeps the column's.</summary>
internal static class FirstImage
{
    /// <summary>
    /// Its shape: by the column's type, where that says it, else of the first row, or of the first that can be read where the others are
    /// left out. Null where there is none.
    /// </summary>
    /// <param name="context">How errors are thrown.</param>
    /// <param name="data">Where the columns are.</param>
    /// <param name="feature">The column of images.</param>
    /// <param name="label">Rows without a label do not count.</param>
    /// <param name="unreadable">What is done with images that cannot be read.</param>
    /// <exception cref="InvalidOperationException">It cannot be read.</exception>
    public static ImageShape? ShapeOf(
        IExceptionContext context, IDataView data, FeatureColumn feature, LabelColumn label, UnreadableImages unreadable)
    {
        if (feature.Shape is { } shape)
        {
            return shape;
        }

        try
        {
            return Read(context, data, feature, label, unreadable);
        }
        catch (Exception e) when (RowError.IsUpstream(e))
        {
            throw context.Error(e, $"The first image of the data cannot be read: {e.GetBaseException().Message}");
        }
    }

    private static ImageShape? Read(
        IExceptionContext context, IDataView data, FeatureColumn feature, LabelColumn label, UnreadableImages unreadable)
    {
        using var cursor = data.GetRowCursor([.. feature.Columns, label.Column]);
        var reader = feature.CreateReader(context, cursor, format: null);
        var labelOf = label.CreateReader(cursor);
        ExceptionDispatchInfo? error = null;
        while (cursor.MoveNext())
        {
            if (labelOf() < 0)
            {
                continue;
            }

            try
            {
                reader.Read();
                return reader.Shape;
            }
            catch (UnusableImageException e) when (e.IsUnreadable && unreadable == UnreadableImages.Skip)
            {
                error ??= ExceptionDispatchInfo.Capture(e);
            }
        }

        error?.Throw();
        return null;
    }
}
