using System.Diagnostics;

namespace ResNetMLNet.Training.Checkpoints;

/// <summary>
/// Decides when a checkpoint is due. When that is never touches the arithmetic: a state is the same whether it was saved or not.
/// </summary>
/// <param name="folder">Where they go.</param>
/// <param name="state">What they are of.</param>
/// <param name="soundness">Tells which states are worth keeping: where training has gone wrong, that is often found only later.</param>
/// <param name="options">When.</param>
internal sealed class CheckpointSchedule(CheckpointFolder folder, TrainingState state, Soundness soundness, CheckpointOptions options)
{
    private readonly Stopwatch _sinceLast = Stopwatch.StartNew();

    public void AfterStep()
    {
        if (options.Minutes is { } interval && _sinceLast.Elapsed.TotalMinutes >= interval)
        {
            Write();
        }
    }

    public void AfterEpoch()
    {
        if (state.Epoch % options.Epochs == 0)
        {
            Write();
        }
    }

    /// <summary>To be called when training has ended, however it did: keeps where it stands, unless a step failed half way.</summary>
    public void AtEnd()
    {
        if (state.IsWhole)
        {
            Write();
        }

        if (!folder.Flush() && state.IsWhole)
        {
            // The last one is worth another try.
            Write();
            folder.Flush();
        }
    }

    private void Write()
    {
        if (!state.IsFresh && soundness.Problem() is null)
        {
            folder.Write(state);
        }

        _sinceLast.Restart();
    }
}
