using System.Runtime.InteropServices;

namespace Agents.ModelServer.Generation;

/// <summary>What is held already of a list of tokens.</summary>
/// <param name="Length">Tokens from the beginning that are held.</param>
/// <param name="Source">A sequence that holds them; -1 when the length is 0.</param>
/// <param name="IsWhole">True when the source holds nothing else and is idle, so that it can simply go on.</param>
public readonly record struct PrefixMatch(int Length, int Source, bool IsWhole);

/// <summary>
/// Which sequences hold which tokens, as a tree whose beginnings are shared: one node is one stretch of cells, used by every
/// sequence that passes through it. Sequences in use only grow; idle ones are kept for who asks for their beginning again,
/// until their room is needed, least recently used first.
/// </summary>
public sealed class PrefixTree
{
    readonly Node _root = new(null);
    readonly Dictionary<int, Branch> _branches = [];
    long _uses;

    /// <summary>Cells in use: tokens of all sequences, shared ones counted once.</summary>
    public int Cells { get; private set; }

    public int Sequences => _branches.Count;

    public int IdleSequences => _branches.Values.Count(b => b.Idle);

    public bool Holds(int sequence) => _branches.ContainsKey(sequence);

    public int Length(int sequence) => _branches[sequence].Length;

    /// <summary>The longest beginning of <paramref name="tokens"/> that is held.</summary>
    public PrefixMatch Find(ReadOnlySpan<int> tokens)
    {
        var (node, length) = Deepest(_root, tokens);
        if (length == 0)
        {
            return new PrefixMatch(0, -1, false);
        }

        var source = AnyBranch(node, length);
        return new PrefixMatch(length, source.Sequence, source.Idle && source.Length == length);
    }

    /// <summary>A new sequence in use that shares the first tokens of another; length 0 shares nothing.</summary>
    public void Fork(int sequence, int source, int length)
    {
        var end = length == 0 ? _root : NodeEndingAt(_branches[source], length);
        if (length > 0)
        {
            _branches[source].Used = ++_uses;
        }

        var branch = new Branch(sequence, end) { Length = length, Used = ++_uses };
        _branches.Add(sequence, branch);
        Enter(branch);
    }

    /// <summary>Takes an idle sequence into use again, at its full length.</summary>
    public void Adopt(int sequence)
    {
        _branches[sequence].Idle = false;
        _branches[sequence].Used = ++_uses;
    }

    /// <summary>Tokens a sequence in use has taken in.</summary>
    public void Append(int sequence, ReadOnlySpan<int> tokens)
    {
        if (tokens.IsEmpty)
        {
            return;
        }

        var branch = _branches[sequence];
        if (branch.End == _root || branch.End.Users > 1)
        {
            var child = new Node(branch.End) { Users = 1 };
            branch.End.Children.Add(child);
            branch.End.Ends.Remove(branch);
            child.Ends.Add(branch);
            branch.End = child;
        }

        branch.End.Tokens.AddRange(tokens);
        branch.Length += tokens.Length;
        Cells += tokens.Length;
    }

    /// <summary>
    /// Ends the use of a sequence. True when it is kept idle; false when another sequence holds all of it, and it is removed.
    /// </summary>
    public bool Release(int sequence)
    {
        var branch = _branches[sequence];
        if (branch.End == _root || branch.End.Users > 1)
        {
            Remove(sequence);
            return false;
        }

        branch.Idle = true;
        branch.Used = ++_uses;
        return true;
    }

    /// <summary>Removes a sequence; cells that no other uses are free then.</summary>
    public void Remove(int sequence)
    {
        _branches.Remove(sequence, out var branch);
        Leave(branch!);
    }

    /// <summary>The idle sequence that was not used for longest, except one; null when there is none.</summary>
    public int? Oldest(int except = -1)
    {
        Branch? oldest = null;
        foreach (var branch in _branches.Values)
        {
            if (branch.Idle && branch.Sequence != except && (oldest is null || branch.Used < oldest.Used))
            {
                oldest = branch;
            }
        }

        return oldest?.Sequence;
    }

    /// <summary>Cells that are free once every idle sequence is removed.</summary>
    public int CellsInUse() => CellsInUse(_root).Cells;

    static (int Cells, bool InUse) CellsInUse(Node node)
    {
        var (cells, inUse) = (0, node.Ends.Any(b => !b.Idle));
        foreach (var child in node.Children)
        {
            var (below, used) = CellsInUse(child);
            cells += below;
            inUse |= used;
        }

        return (inUse ? cells + node.Tokens.Count : cells, inUse);
    }

    // Two sequences may have computed the same tokens side by side, so more than one child can go on with a token.
    static (Node Node, int Length) Deepest(Node node, ReadOnlySpan<int> tokens)
    {
        var best = (Node: node, Length: 0);
        foreach (var child in node.Children)
        {
            var common = tokens.CommonPrefixLength(CollectionsMarshal.AsSpan(child.Tokens));
            if (common == 0)
            {
                continue;
            }

            var found = (Node: child, Length: common);
            if (common == child.Tokens.Count)
            {
                var (deeper, more) = Deepest(child, tokens[common..]);
                found = more > 0 ? (deeper, common + more) : found;
            }

            best = found.Length > best.Length ? found : best;
        }

        return best;
    }

    /// <summary>A sequence through a node: one that can go on as it is before one in use before one that is cut.</summary>
    static Branch AnyBranch(Node node, int length)
    {
        var whole = node.Ends.Find(b => b.Idle && b.Length == length);
        while (whole is null && node.Ends.Count == 0)
        {
            node = node.Children[0];
        }

        return whole ?? node.Ends[0];
    }

    Node NodeEndingAt(Branch branch, int length)
    {
        var (node, end) = (branch.End, branch.Length);
        while (end - node.Tokens.Count >= length)
        {
            end -= node.Tokens.Count;
            node = node.Parent!;
        }

        return end == length ? node : SplitFront(node, node.Tokens.Count - (end - length));
    }

    /// <summary>Makes the first tokens of a node a node of their own, above it.</summary>
    static Node SplitFront(Node node, int count)
    {
        var front = new Node(node.Parent) { Users = node.Users };
        front.Tokens.AddRange(CollectionsMarshal.AsSpan(node.Tokens)[..count]);
        node.Tokens.RemoveRange(0, count);
        var siblings = node.Parent!.Children;
        siblings[siblings.IndexOf(node)] = front;
        front.Children.Add(node);
        node.Parent = front;
        return front;
    }

    static void Enter(Branch branch)
    {
        branch.End.Ends.Add(branch);
        for (var node = branch.End; node is not null; node = node.Parent)
        {
            node.Users++;
        }
    }

    void Leave(Branch branch)
    {
        branch.End.Ends.Remove(branch);
        Node? lowest = null;
        for (var node = branch.End; node is not null; node = node.Parent)
        {
            node.Users--;
            if (node.Users == 0 && node != _root)
            {
                node.Parent!.Children.Remove(node);
                Cells -= node.Tokens.Count;
            }
            else
            {
                lowest ??= node;
            }
        }

        Join(lowest!);
    }

    /// <summary>Makes a node and its only child one again, where nothing ends between them.</summary>
    void Join(Node node)
    {
        if (node == _root || node.Ends.Count > 0 || node.Children.Count != 1)
        {
            return;
        }

        var child = node.Children[0];
        node.Tokens.AddRange(child.Tokens);
        node.Children.Clear();
        node.Children.AddRange(child.Children);
        node.Children.ForEach(c => c.Parent = node);
        node.Ends.AddRange(child.Ends);
        node.Ends.ForEach(b => b.End = node);
    }

    sealed class Node(Node? parent)
    {
        public Node? Parent { get; set; } = parent;
        public List<int> Tokens { get; } = [];
        public List<Node> Children { get; } = [];

        /// <summary>Sequences that end here.</summary>
        public List<Branch> Ends { get; } = [];

        /// <summary>Sequences that pass through or end here.</summary>
        public int Users { get; set; }
    }

    sealed class Branch(int sequence, Node end)
    {
        public int Sequence { get; } = sequence;
        public Node End { get; set; } = end;
        public int Length { get; set; }
        public bool Idle { get; set; }
        public long Used { get; set; }
    }
}
