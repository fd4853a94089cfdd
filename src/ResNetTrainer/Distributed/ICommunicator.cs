namespace ResNetMLNet.Distributed;

/// <summary>
/// What a process needs of the others that train with it. All of them call the same members in the same order, and each call returns when
/// all have come to it. Called by one thread at a time.
/// </summary>
internal interface ICommunicator
{
    /// <summary>The number of this process, from 0.</summary>
    int Rank { get; }

    /// <summary>How many processes there are.</summary>
    int Size { get; }

    /// <summary>Whether it takes addresses in the memory of a GPU too.</summary>
    bool ReachesGpus { get; }

    /// <summary>Adds up the floats of all processes, in place; all get the same bits.</summary>
    /// <param name="address">Where they begin, on the host or, where <see cref="ReachesGpus"/>, on a GPU.</param>
    /// <param name="count">How many there are.</param>
    void AllReduce(nint address, long count);

    /// <summary>Adds up the values of all processes, in place; all get the same bits.</summary>
    void AllReduce(Span<double> values);

    /// <summary>Gives all processes the bytes of one of them.</summary>
    void Broadcast(Span<byte> bytes, int root);

    /// <summary>Sends each process its part of what is sent, in the order of their numbers, and receives as much of each.</summary>
    void AllToAll(ReadOnlySpan<byte> sent, Span<byte> received);

    /// <summary>Gives all processes what each of them has, as many bytes, in the order of their numbers.</summary>
    void AllGather(ReadOnlySpan<byte> own, Span<byte> all);

    /// <summary>Ends all processes at once: for one that cannot go on, while the others wait for it.</summary>
    void Abort();
}
