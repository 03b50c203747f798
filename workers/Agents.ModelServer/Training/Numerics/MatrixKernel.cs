namespace Agents.ModelServer.Training.Numerics;

/// <summary>
/// Products of matrices of floats. Operands are packed first, in blocks of 32 rows (left) or 32 columns (right) over the
/// whole depth, so that one packing serves many products. Rows, columns and depth that are no multiple of 32 are filled up
/// with zeros. Every matrix in memory is given by its first element and the distance of its rows. Safe for many threads.
/// </summary>
internal abstract unsafe class MatrixKernel
{
    public const int Block = 32;

    /// <summary>The fastest one this machine has.</summary>
    public static MatrixKernel Best { get; } = TileKernel.TryCreate() is { } tiles ? tiles : new FloatKernel();

    /// <summary>Bytes of one packed element.</summary>
    protected abstract int ElementBytes { get; }

    /// <summary>Bytes of a packed block of that depth.</summary>
    public long BlockBytes(int depth) => (long)Blocks(depth) * Block * Block * ElementBytes;

    /// <summary>Bytes of an operand of so many rows or columns.</summary>
    public long Bytes(int lines, int depth) => Blocks(lines) * BlockBytes(depth);

    public static int Blocks(int lines) => (lines + Block - 1) / Block;

    /// <summary>Left operand from a matrix whose rows are its rows.</summary>
    /// <param name="whole">Depth of the whole operand; a multiple of 32 where only a part is packed.</param>
    /// <param name="at">Where in the depth the part begins; a multiple of 32.</param>
    public abstract void PackLeft(float* from, long distance, int rows, int depth, byte* to, int whole, int at = 0);

    /// <summary>Left operand from a matrix whose columns are its rows.</summary>
    public abstract void PackLeftTurned(float* from, long distance, int rows, int depth, byte* to);

    /// <summary>Right operand from a matrix whose rows are its columns: weights, an output a row.</summary>
    public abstract void PackRight(float* from, long distance, int columns, int depth, byte* to, int whole, int at = 0);

    /// <summary>Right operand from a matrix whose columns are its columns.</summary>
    public abstract void PackRightTurned(float* from, long distance, int columns, int depth, byte* to, int whole, int at = 0);

    /// <summary>Writes, or adds, the product of <paramref name="depth"/> of the depth of two packed operands.</summary>
    /// <param name="leftWhole">Depth the left operand was packed with; <paramref name="rightWhole"/> likewise.</param>
    public void Multiply(
        byte* left, int leftWhole, byte* right, int rightWhole, int rows, int columns, int depth, float* to, long distance, bool add)
    {
        long leftBytes = BlockBytes(leftWhole), rightBytes = BlockBytes(rightWhole);
        int fullRows = rows / Block, fullColumns = columns / Block, steps = Blocks(depth);
        if (fullRows > 0 && fullColumns > 0)
        {
            Full(left, leftBytes, right, rightBytes, fullRows, fullColumns, steps, to, distance, add);
        }

        // Blocks at the edge are computed aside, and only what is inside is taken.
        for (var r = 0; r < Blocks(rows); r++)
        {
            for (var c = r < fullRows ? fullColumns : 0; c < Blocks(columns); c++)
            {
                Edge(
                    left + (r * leftBytes), right + (c * rightBytes), steps, Math.Min(Block, rows - (r * Block)),
                    Math.Min(Block, columns - (c * Block)), to + (r * Block * distance) + (c * Block), distance, add);
            }
        }
    }

    protected abstract void Full(
        byte* left, long leftBytes, byte* right, long rightBytes, int rowBlocks, int columnBlocks, int steps, float* to, long distance, bool add);

    void Edge(byte* left, byte* right, int steps, int rows, int columns, float* to, long distance, bool add)
    {
        var aside = stackalloc float[Block * Block];
        Full(left, 0, right, 0, 1, 1, steps, aside, Block, add: false);
        for (var r = 0; r < rows; r++)
        {
            var line = to + (r * distance);
            for (var c = 0; c < columns; c++)
            {
                line[c] = add ? line[c] + aside[(r * Block) + c] : aside[(r * Block) + c];
            }
        }
    }
}
