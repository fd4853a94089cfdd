using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Reading;

namespace ResNetMLNet.Scoring;

/// <summary>
/// Reads the rows of a cursor into batches: the images as the network sees them, and the columns that are passed on. Encoded images are
/// decoded by other threads; the cursor is touched by the caller's alone.
/// </summary>
internal sealed class BatchReader
{
    private readonly DataViewRowCursor _input;
    private readonly InputReader _reader;
    private readonly ColumnBuffer[] _kept;
    private readonly ValueGetter<DataViewRowId> _inputId;
    private readonly DataViewRowId[] _ids;
    private readonly KeptImages? _encoded;
    private readonly ImageDecoder<InputReader> _decoder;
    private readonly UnreadableRows _unreadable;

    private DecodingJob? _job;
    private bool _ended;
    private long _bytes;

    /// <param name="context">How errors are thrown.</param>
    /// <param name="input">The rows.</param>
    /// <param name="schema">What is made of them.</param>
    /// <param name="kept">The columns that are passed on.</param>
    /// <param name="places">How many rows are kept at a time.</param>
    public BatchReader(
        IExceptionContext context, DataViewRowCursor input, ScoringSchema schema, IEnumerable<ColumnBuffer> kept, int places)
    {
        (_input, _kept, _ids, _unreadable) = (input, [.. kept], new DataViewRowId[places], schema.Unreadable);
        var row = new CursorRow(context, input, schema.Feature);
        _reader = schema.CreateReader(row);
        _inputId = input.GetIdGetter();
        _encoded = schema.Feature.IsEncoded ? new(row) : null;
        _decoder = new(context, schema.Feature, schema.CreateReader);
    }

    /// <summary>Whether other threads do a part of the reading, which then can begin before a batch is needed.</summary>
    public bool DecodesAside => _encoded is not null;

    public DataViewRowId Id(int place) => _ids[place];

    /// <summary>Takes the next rows, and begins to decode their images. An error is that of the row after those that were taken.</summary>
    public void Fetch(RowBatch batch, int most)
    {
        batch.Clear(most);
        _encoded?.Clear();
        _bytes = 0;
        try
        {
            for (; batch.Count < most && !IsFull && MoveNext(); batch.Count++)
            {
                Keep(batch, batch.Count);
            }
        }
        catch (Exception e)
        {
            batch.Error = ExceptionDispatchInfo.Capture(e);
        }

        if (_encoded is not null)
        {
            _job = _decoder.Start(_encoded.First(batch.Count), (reader, each) => reader.Read(batch.Image(each)));
        }
    }

    /// <summary>Waits until the images are decoded; the batch ends before the first that could not be.</summary>
    public void Complete(RowBatch batch)
    {
        if (_job is not null)
        {
            _job.Complete();
            for (var i = 0; i < batch.Count; i++)
            {
                if (_encoded![i].Error is not { } error)
                {
                    continue;
                }

                if (_unreadable.AreSkipped(error.SourceException))
                {
                    Skip(batch, i, error.SourceException);
                }
                else
                {
                    (batch.Count, batch.Error) = (i, error);
                }
            }
        }
    }

    /// <summary>Leaves off decoding.</summary>
    public void Stop() => _job?.Stop();

    private bool IsFull => _encoded?.IsFull == true || _bytes >= KeptImages.LargestSize;

    private bool MoveNext() => !_ended && !(_ended = !_input.MoveNext());

    private void Keep(RowBatch batch, int index)
    {
        foreach (var column in _kept)
        {
            _bytes += column.Keep(batch.Start + index);
        }

        _inputId(ref _ids[batch.Start + index]);
        if (_encoded is null)
        {
            try
            {
                _reader.Read(batch.Image(index));
            }
            catch (Exception e) when (_unreadable.AreSkipped(e))
            {
                Skip(batch, index, e);
            }
        }
        else if (_encoded.Fetch().Error is { } error && !_unreadable.AreSkipped(error.SourceException))
        {
            error.Throw();
        }
    }

    private void Skip(RowBatch batch, int index, Exception error)
    {
        _unreadable.Skip(error, batch.Image(index));
        batch.Unreadable.Add(index);
    }
}
