using RepoSentry.Providers;

namespace RepoSentry.Polling;

/// <summary>Whose turn it is.</summary>
/// <param name="Credential">What is asked with.</param>
internal abstract record PollTurn(string Credential)
{
    /// <summary>Who asks.</summary>
    public virtual object Asker => this;

    internal sealed record One(PolledRepositoryTurn Turn) : PollTurn(Turn.Repository.Sources.Credential)
    {
        public override object Asker => Turn.Repository;
    }

    /// <summary>Repositories that are looked at with one request.</summary>
    internal sealed record Batch(Roster Roster, IReadOnlyList<PolledRepository> Repositories) : PollTurn(Roster.Credential);

    /// <summary>Owners whose pushes are listed with one request.</summary>
    internal sealed record List(Roster Roster, ISweepSource Source, IReadOnlyList<SweptOwner> Owners) : PollTurn(Roster.Credential);
}
