using Agents.ModelServer.Training.Numerics;
using static Agents.ModelServer.Training.Network.Scratch;

namespace Agents.ModelServer.Training.Network;

/// <summary>
/// Products of one input with the weights of several tensors, their outputs side by side. The weights are packed once for
/// all threads of a step.
/// </summary>
internal sealed unsafe class Projection(MatrixKernel kernel, int inputs) : IDisposable
{
    readonly List<Part> _parts = [];
    int _outputs;
    Floats? _forward;
    Floats? _backward;

    public int Outputs => _outputs;

    /// <param name="Offset">Of its first weight among all.</param>
    /// <param name="At">Its first output.</param>
    /// <param name="Turned">Stored an input a row, not an output a row.</param>
    sealed record Part(long Offset, int At, int Outputs, bool Turned);

    public Projection With(long offset, int outputs, bool turned = false)
    {
        _parts.Add(new Part(offset, _outputs, outputs, turned));
        _outputs += outputs;
        return this;
    }

    public void Pack(float* weights)
    {
        _forward ??= new Floats(kernel.Bytes(_outputs, inputs) / sizeof(float));
        _backward ??= new Floats(kernel.Bytes(inputs, _outputs) / sizeof(float));
        foreach (var part in _parts)
        {
            var from = weights + part.Offset;
            var forward = (byte*)_forward.At + (part.At / MatrixKernel.Block * kernel.BlockBytes(inputs));
            if (part.Turned)
            {
                kernel.PackRightTurned(from, part.Outputs, part.Outputs, inputs, forward, inputs);
                kernel.PackRight(from, part.Outputs, inputs, part.Outputs, (byte*)_backward.At, _outputs, part.At);
            }
            else
            {
                kernel.PackRight(from, inputs, part.Outputs, inputs, forward, inputs);
                kernel.PackRightTurned(from, inputs, inputs, part.Outputs, (byte*)_backward.At, _outputs, part.At);
            }
        }
    }

    public void Forward(Scratch scratch, float* x, int rows, float* y, long distance, bool add = false)
    {
        var left = scratch.Bytes(Room.Left, kernel.Bytes(rows, inputs));
        kernel.PackLeft(x, inputs, rows, inputs, left, inputs);
        kernel.Multiply(left, inputs, (byte*)_forward!.At, inputs, rows, _outputs, inputs, y, distance, add);
    }

    /// <summary>Writes, or adds to, the gradient of the input, and adds to that of the weights.</summary>
    public void Backward(Scratch scratch, float* x, float* given, int rows, float* to, bool add, float* gradient)
    {
        if (rows == 0)
        {
            return;
        }

        var left = scratch.Bytes(Room.Left, kernel.Bytes(rows, _outputs));
        kernel.PackLeft(given, _outputs, rows, _outputs, left, _outputs);
        kernel.Multiply(left, _outputs, (byte*)_backward!.At, _outputs, rows, inputs, _outputs, to, inputs, add);

        var turned = scratch.Bytes(Room.LeftTurned, kernel.Bytes(_outputs, rows));
        kernel.PackLeftTurned(given, _outputs, _outputs, rows, turned);
        var right = scratch.Bytes(Room.RightTurned, kernel.Bytes(inputs, rows));
        kernel.PackRightTurned(x, inputs, inputs, rows, right, rows);
        byte* inputsLeft = null;
        foreach (var part in _parts)
        {
            if (part.Turned)
            {
                if (inputsLeft is null)
                {
                    inputsLeft = scratch.Bytes(Room.Left, kernel.Bytes(inputs, rows));
                    kernel.PackLeftTurned(x, inputs, inputs, rows, inputsLeft);
                }

                var outputsRight = scratch.Bytes(Room.Right, kernel.Bytes(part.Outputs, rows));
                kernel.PackRightTurned(given + part.At, _outputs, part.Outputs, rows, outputsRight, rows);
                kernel.Multiply(
                    inputsLeft, rows, outputsRight, rows, inputs, part.Outputs, rows, gradient + part.Offset, part.Outputs, add: true);
            }
            else
            {
                var block = turned + (part.At / MatrixKernel.Block * kernel.BlockBytes(rows));
                kernel.Multiply(block, rows, right, rows, part.Outputs, inputs, rows, gradient + part.Offset, inputs, add: true);
            }
        }
    }

    public void Dispose()
    {
        _forward?.Dispose();
        _backward?.Dispose();
    }
}
