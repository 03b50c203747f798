using System.Runtime.Intrinsics;
using Agents.ModelServer.Training.Numerics;
using static Agents.ModelServer.Training.Network.Scratch;

namespace Agents.ModelServer.Training.Network;

/// <summary>A matrix in memory: its first element, and the distance of its rows.</summary>
internal unsafe readonly record struct Rows(nint Address, long Distance)
{
    public Rows(float* at, long distance) : this((nint)at, distance)
    {
    }

    public float* At => (float*)Address;
}

/// <summary>
/// One head of attention over one example: scores of 64 queries at a time with all keys up to theirs, softmax, and the sum
/// of the values. Scores are computed again for the gradients. Keys are a plain part and a rotary one.
/// </summary>
internal sealed unsafe class Head(MatrixKernel kernel, int plain, int rotary, int valueWidth)
{
    const int QueryBlock = 64;
    const int Wide = Lanes.Wide;

    readonly int _keyWidth = plain + rotary;
    readonly float _scale = 1 / MathF.Sqrt(plain + rotary);

    public void Forward(Scratch scratch, int length, Rows query, Rows key, Rows keyRotary, Rows value, Rows seen, float* logSum)
    {
        var queries = PackQueries(scratch, length, query);
        var keys = PackKeys(scratch, length, key, keyRotary);
        var values = scratch.Bytes(Room.Value, kernel.Bytes(valueWidth, length));
        kernel.PackRightTurned(value.At, value.Distance, valueWidth, length, values, length);
        var distance = MatrixKernel.Blocks(length) * MatrixKernel.Block;
        var scores = scratch.Floats(Room.Scores, (long)QueryBlock * distance);
        for (var first = 0; first < length; first += QueryBlock)
        {
            var rows = Math.Min(QueryBlock, length - first);
            var reach = first + rows;
            Score(queries, keys, first, rows, reach, scores, distance);
            for (var r = 0; r < rows; r++)
            {
                logSum[first + r] = Softmax(scores + (r * (long)distance), first + r + 1, Padded(reach));
            }

            var left = scratch.Bytes(Room.Left, kernel.Bytes(rows, reach));
            kernel.PackLeft(scores, distance, rows, reach, left, reach);
            kernel.Multiply(left, reach, values, length, rows, valueWidth, reach, seen.At + (first * seen.Distance), seen.Distance, add: false);
        }
    }

    /// <summary>Writes the gradients of query, key and value; adds to that of the rotary key, which heads share.</summary>
    public void Backward(
        Scratch scratch, int length, Rows query, Rows key, Rows keyRotary, Rows value, Rows seen, float* logSum, Rows given,
        Rows queryGradient, Rows keyGradient, Rows rotaryGradient, Rows valueGradient)
    {
        var queries = PackQueries(scratch, length, query);
        var keys = PackKeys(scratch, length, key, keyRotary);
        var keysTurned = scratch.Bytes(Room.KeyTurned, kernel.Bytes(_keyWidth, length));
        kernel.PackRightTurned(key.At, key.Distance, plain, length, keysTurned, length);
        var rotaryBlocks = keysTurned + (plain / MatrixKernel.Block * kernel.BlockBytes(length));
        kernel.PackRightTurned(keyRotary.At, keyRotary.Distance, rotary, length, rotaryBlocks, length);
        var values = scratch.Bytes(Room.Value, kernel.Bytes(length, valueWidth));
        kernel.PackRight(value.At, value.Distance, length, valueWidth, values, valueWidth);
        var givens = scratch.Bytes(Room.Given, kernel.Bytes(length, valueWidth));
        kernel.PackLeft(given.At, given.Distance, length, valueWidth, givens, valueWidth);

        var keySum = scratch.Floats(Room.KeyGradient, (long)length * _keyWidth);
        var valueSum = scratch.Floats(Room.ValueGradient, (long)length * valueWidth);
        new Span<float>(keySum, length * _keyWidth).Clear();
        new Span<float>(valueSum, length * valueWidth).Clear();
        var distance = MatrixKernel.Blocks(length) * MatrixKernel.Block;
        var scores = scratch.Floats(Room.Scores, (long)QueryBlock * distance);
        var gradients = scratch.Floats(Room.ScoreGradients, (long)QueryBlock * distance);
        for (var first = 0; first < length; first += QueryBlock)
        {
            var rows = Math.Min(QueryBlock, length - first);
            var reach = first + rows;
            Score(queries, keys, first, rows, reach, scores, distance);
            var from = givens + (first / MatrixKernel.Block * kernel.BlockBytes(valueWidth));
            kernel.Multiply(from, valueWidth, values, valueWidth, rows, reach, valueWidth, gradients, distance, add: false);
            for (var r = 0; r < rows; r++)
            {
                var at = first + r;
                var mean = Lanes.Dot(given.At + (at * given.Distance), seen.At + (at * seen.Distance), valueWidth);
                SoftmaxBackward(scores + (r * (long)distance), gradients + (r * (long)distance), at + 1, Padded(reach), logSum[at], mean);
            }

            var left = scratch.Bytes(Room.Left, kernel.Bytes(rows, reach));
            kernel.PackLeft(gradients, distance, rows, reach, left, reach);
            kernel.Multiply(
                left, reach, keysTurned, length, rows, _keyWidth, reach, queryGradient.At + (first * queryGradient.Distance),
                queryGradient.Distance, add: false);
            AddTurned(scratch, gradients, distance, rows, reach, new Rows(query.At + (first * query.Distance), query.Distance), _keyWidth, keySum);
            AddTurned(scratch, scores, distance, rows, reach, new Rows(given.At + (first * given.Distance), given.Distance), valueWidth, valueSum);
        }

        for (var i = 0; i < length; i++)
        {
            var sum = keySum + ((long)i * _keyWidth);
            Lanes.Copy(sum, keyGradient.At + (i * keyGradient.Distance), plain);
            Lanes.Add(rotaryGradient.At + (i * rotaryGradient.Distance), sum + plain, rotary);
            Lanes.Copy(valueSum + ((long)i * valueWidth), valueGradient.At + (i * valueGradient.Distance), valueWidth);
        }
    }

    byte* PackQueries(Scratch scratch, int length, Rows query)
    {
        var queries = scratch.Bytes(Room.Query, kernel.Bytes(length, _keyWidth));
        kernel.PackLeft(query.At, query.Distance, length, _keyWidth, queries, _keyWidth);
        return queries;
    }

    byte* PackKeys(Scratch scratch, int length, Rows key, Rows keyRotary)
    {
        var keys = scratch.Bytes(Room.Key, kernel.Bytes(length, _keyWidth));
        kernel.PackRight(key.At, key.Distance, length, plain, keys, _keyWidth);
        kernel.PackRight(keyRotary.At, keyRotary.Distance, length, rotary, keys, _keyWidth, plain);
        return keys;
    }

    void Score(byte* queries, byte* keys, int first, int rows, int reach, float* scores, long distance) => kernel.Multiply(
        queries + (first / MatrixKernel.Block * kernel.BlockBytes(_keyWidth)), _keyWidth, keys, _keyWidth, rows, reach, _keyWidth, scores,
        distance, add: false);

    /// <summary>sum += left^T right, over the rows of a block of queries.</summary>
    void AddTurned(Scratch scratch, float* left, long distance, int rows, int reach, Rows right, int width, float* sum)
    {
        var turned = scratch.Bytes(Room.LeftTurned, kernel.Bytes(reach, rows));
        kernel.PackLeftTurned(left, distance, reach, rows, turned);
        var packed = scratch.Bytes(Room.RightTurned, kernel.Bytes(width, rows));
        kernel.PackRightTurned(right.At, right.Distance, width, rows, packed, rows);
        kernel.Multiply(turned, rows, packed, rows, reach, width, rows, sum, width, add: true);
    }

    /// <summary>In place over <paramref name="count"/> scores, zero behind them; returns the logarithm of their sum.</summary>
    float Softmax(float* row, int count, int padded)
    {
        Clear(row, count, padded, float.NegativeInfinity);
        var end = Round(count);
        var most = Vector512.Create(float.NegativeInfinity);
        for (var i = 0; i < end; i += Wide)
        {
            most = Vector512.Max(most, Vector512.Load(row + i));
        }

        var peak = float.NegativeInfinity;
        for (var i = 0; i < Wide; i++)
        {
            peak = MathF.Max(peak, most[i]);
        }

        peak *= _scale;
        var (scale, less) = (Vector512.Create(_scale), Vector512.Create(-peak));
        Vector512<float> sum = default;
        for (var i = 0; i < end; i += Wide)
        {
            var e = Lanes.Exp(Vector512.FusedMultiplyAdd(Vector512.Load(row + i), scale, less));
            e.Store(row + i);
            sum += e;
        }

        var total = Vector512.Sum(sum);
        var share = Vector512.Create(1 / total);
        for (var i = 0; i < padded; i += Wide)
        {
            (i < end ? Vector512.Load(row + i) * share : default).Store(row + i);
        }

        return peak + MathF.Log(total);
    }

    /// <summary>Turns scores into shares, and gradients of shares into those of unscaled scores.</summary>
    void SoftmaxBackward(float* row, float* gradient, int count, int padded, float logSum, float mean)
    {
        Clear(row, count, padded, float.NegativeInfinity);
        Clear(gradient, count, padded, 0);
        var (scale, less, given) = (Vector512.Create(_scale), Vector512.Create(-logSum), Vector512.Create(mean));
        var end = Round(count);
        for (var i = 0; i < padded; i += Wide)
        {
            var share = i < end ? Lanes.Exp(Vector512.FusedMultiplyAdd(Vector512.Load(row + i), scale, less)) : default;
            share.Store(row + i);
            (i < end ? share * (Vector512.Load(gradient + i) - given) * scale : default).Store(gradient + i);
        }
    }

    static void Clear(float* row, int count, int padded, float value) =>
        new Span<float>(row + count, Math.Min(Round(count), padded) - count).Fill(value);

    static int Round(int count) => (count + Wide - 1) / Wide * Wide;

    static int Padded(int count) => MatrixKernel.Blocks(count) * MatrixKernel.Block;
}
