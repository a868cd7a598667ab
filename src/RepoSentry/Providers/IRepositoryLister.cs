using RepoSentry.Abstractions;
using RepoSentry.Storage;

namespace RepoSentry.Providers;

/// <summary>Tells which repositories an organization has. Implemented by ref sources whose forge can.</summary>
internal interface IRepositoryLister
{
    /// <summary>All repositories of an organization, a group, a project or a user: a list that is cut off is an error, never a short list.</summary>
    /// <param name="onlyFirst">Whether the first page is enough: for whoever only asks whether it can be listed.</param>
    /// <exception cref="RefSourceException">Every failure of the forge, told apart by its kind.</exception>
    Task<IReadOnlyList<ListedRepository>> ListAsync(string organization, CancellationToken cancellationToken, bool onlyFirst = false);
}
