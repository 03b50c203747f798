namespace Agents.ModelServer.Generation;

/// <summary>What a slot wants of the next batch.</summary>
/// <param name="Pending">Tokens that are not computed yet, at least 1.</param>
/// <param name="Speaking">True when its prompt is computed and it makes tokens one by one.</param>
public readonly record struct SlotWant(int Pending, bool Speaking);

/// <summary>
/// How many tokens of each slot the next batch takes. Who speaks gets its token in every batch, so that a long prompt beside
/// it costs a bounded pause; of the rest the oldest prompt gets at least half, so that it ends, and short ones the remainder,
/// so that they need not wait for it.
/// </summary>
public static class BatchPlan
{
    /// <param name="wants">In the order in which the slots came.</param>
    /// <param name="batchMax">Tokens of a batch.</param>
    /// <param name="promptMax">Tokens of prompts in a batch in which somebody speaks.</param>
    public static int[] Divide(IReadOnlyList<SlotWant> wants, int batchMax, int promptMax)
    {
        var takes = new int[wants.Count];
        var left = batchMax;
        var speaks = false;
        for (var i = 0; i < wants.Count && left > 0; i++)
        {
            if (wants[i].Speaking)
            {
                takes[i] = 1;
                left--;
                speaks = true;
            }
        }

        left = speaks ? Math.Min(left, promptMax) : left;
        var prompts = Enumerable.Range(0, wants.Count).Where(i => !wants[i].Speaking && wants[i].Pending > 0).ToList();
        if (prompts.Count == 0 || left == 0)
        {
            return takes;
        }

        Take(prompts[0], (left + 1) / 2);
        foreach (var i in prompts.Skip(1).OrderBy(i => wants[i].Pending))
        {
            Take(i, left);
        }

        Take(prompts[0], left);
        return takes;

        void Take(int slot, int most)
        {
            var count = Math.Min(most, wants[slot].Pending - takes[slot]);
            takes[slot] += count;
            left -= count;
        }
    }
}
