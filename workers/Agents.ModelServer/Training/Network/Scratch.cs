using Agents.ModelServer.Training.Numerics;

namespace Agents.ModelServer.Training.Network;

/// <summary>Room for packed operands and passing results of one thread; it grows to what is asked for and stays.</summary>
internal sealed unsafe class Scratch : IDisposable
{
    readonly Floats?[] _rooms = new Floats?[(int)Room.Count];

    public enum Room
    {
        Left, Right, LeftTurned, RightTurned, Query, Key, Value, Given, KeyTurned, Scores, ScoreGradients, KeyGradient, ValueGradient,
        Gathered, Hidden, GateUp, Output, Stream, Wide, Narrow, Ranks, Router, Count,
    }

    public float* Floats(Room room, long count)
    {
        if (_rooms[(int)room] is not { } held || held.Count < count)
        {
            _rooms[(int)room]?.Dispose();
            _rooms[(int)room] = held = new Floats(count + (count / 4));
        }

        return held.At;
    }

    public byte* Bytes(Room room, long bytes) => (byte*)Floats(room, (bytes + sizeof(float) - 1) / sizeof(float));

    public void Dispose()
    {
        foreach (var room in _rooms)
        {
            room?.Dispose();
        }
    }
}
