# A base for images that also watch repositories behind ssh:// and file://.
#
#   docker build -f deploy/docker/git-runtime.Dockerfile -t reposentry-git-runtime deploy/docker
#   docker build -f deploy/docker/Dockerfile --build-arg RUNTIME_IMAGE=reposentry-git-runtime -t reposentry:git .

ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0
FROM $RUNTIME_IMAGE
RUN apt-get update \
    && apt-get install -y --no-install-recommends git openssh-client \
    && rm -rf /var/lib/apt/lists/* \
    && echo "reposentry:x:10001:10001::/var/lib/reposentry:/usr/sbin/nologin" >> /etc/passwd
