namespace ResNetMLNet;

/// <summary>Whether several processes train one model.</summary>
public enum DistributedTraining
{
    /// <summary>
    /// Where the process is one of several that <c>mpirun</c> started, all of them train one model, by the package
    /// <c>ResNetMLNet.Distributed</c>; elsewhere it trains alone.
    /// </summary>
    Auto,

    /// <summary>Each process trains a model of its own.</summary>
    Off,
}
