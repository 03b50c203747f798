using Agents.Bench.Results;

namespace Agents.Bench.Stores;

/// <summary>What a database itself can do here with rows of the same size.</summary>
interface IFloor : IDisposable
{
    /// <summary>Milliseconds of one single-row commit, one after the other.</summary>
    Sample Single(int rows);

    /// <summary>Rows a second of <paramref name="loops"/> loops, each making <paramref name="rowsEach"/> rows durable in turn.</summary>
    double Batched(int loops, int rowsEach);
}
