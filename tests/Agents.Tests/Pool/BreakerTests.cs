using Agents.Pool;
using Agents.Pool.Workers;
using Xunit;

namespace Agents.Tests.Pool;

public sealed class BreakerTests
{
    static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    readonly Breaker _breaker = new(new BreakerOptions { FailuresMax = 3, OpenFor = TimeSpan.FromSeconds(5), OpenForMax = TimeSpan.FromSeconds(15) });

    static DateTimeOffset At(double seconds) => s_start.AddSeconds(seconds);

    void Fail(int times, double at)
    {
        for (var i = 0; i < times; i++)
        {
            _breaker.Failed(At(at), probe: false);
        }
    }

    [Fact]
    public void It_opens_after_failures_in_a_row_and_a_success_between_forgives()
    {
        Fail(2, 0);
        _breaker.Succeeded();
        Fail(2, 0);
        Assert.Equal(BreakerState.Closed, _breaker.State(At(0)));

        Fail(1, 0);
        Assert.Equal(BreakerState.Open, _breaker.State(At(4.9)));
        Assert.Equal(BreakerState.HalfOpen, _breaker.State(At(5)));
    }

    [Fact]
    public void One_probe_goes_and_no_other_until_it_ended()
    {
        Fail(3, 0);
        Assert.False(_breaker.Began(At(1)));
        Assert.True(_breaker.Began(At(6)));
        Assert.Equal(BreakerState.Open, _breaker.State(At(7)));

        _breaker.SaidNothing(probe: true);
        Assert.Equal(BreakerState.HalfOpen, _breaker.State(At(7)));

        Assert.True(_breaker.Began(At(7)));
        _breaker.Succeeded();
        Assert.Equal(BreakerState.Closed, _breaker.State(At(7)));
    }

    [Fact]
    public void Each_probe_that_fails_doubles_the_rest_up_to_its_bound()
    {
        Fail(3, 0);
        foreach (var (from, rest) in new[] { (5.0, 10.0), (15.0, 15.0), (30.0, 15.0) })
        {
            Assert.True(_breaker.Began(At(from)));
            _breaker.Failed(At(from), probe: true);
            Assert.Equal(BreakerState.Open, _breaker.State(At(from + rest - 0.1)));
            Assert.Equal(BreakerState.HalfOpen, _breaker.State(At(from + rest)));
        }
    }

    [Fact]
    public void What_was_sent_before_it_opened_keeps_it_no_longer_open()
    {
        Fail(3, 0);
        Fail(5, 4);
        Assert.Equal(BreakerState.HalfOpen, _breaker.State(At(5)));
    }
}
