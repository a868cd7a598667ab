{{- define "reposentry.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* Short enough for the names of pods and volumes made of it. */ -}}
{{- define "reposentry.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "reposentry.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "reposentry.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "reposentry.selector" -}}
app.kubernetes.io/name: {{ include "reposentry.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "reposentry.labels" -}}
{{ include "reposentry.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "reposentry.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "reposentry.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "reposentry.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "reposentry.secret" -}}
{{- .Values.existingSecret | default (include "reposentry.fullname" .) -}}
{{- end -}}

{{- /* Restricted: what every container of the chart runs with. */ -}}
{{- define "reposentry.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end -}}

{{- define "reposentry.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- /* The configuration as the pod reads it. Addresses and the data folder belong to the chart: ports, probes and mounts depend on them. */ -}}
{{- define "reposentry.config" -}}
{{- $set := dict "app" (dict "data_dir" "/var/lib/reposentry") "api" (dict "listen" "0.0.0.0:8080" "metrics_listen" "0.0.0.0:9090") -}}
{{- mergeOverwrite (deepCopy .Values.config) $set | toYaml -}}
{{- end -}}

{{- define "reposentry.refusals" -}}
{{- $storage := dig "storage" "type" "sqlite" .Values.config -}}
{{- if and (eq $storage "sqlite") (gt (int .Values.replicaCount) 1) -}}
{{- fail (printf "replicaCount is %d, but storage.type sqlite takes one replica: each pod would poll everything out of a database of its own. Set replicaCount: 1, or config.storage.type: postgres" (int .Values.replicaCount)) -}}
{{- end -}}
{{- if and (ne $storage "sqlite") (not (dig "storage" "connection_string" "" .Values.config)) -}}
{{- fail (printf "config.storage.type is %s: config.storage.connection_string is needed too" $storage) -}}
{{- end -}}
{{- if and .Values.existingSecret .Values.secrets -}}
{{- fail "existingSecret and secrets are both set: put all keys into one of them" -}}
{{- end -}}
{{- if not .Values.existingSecret -}}
{{- range $reference := regexFindAll "file:/var/run/secrets/reposentry/[-._a-zA-Z0-9]+" (include "reposentry.config" .) -1 -}}
{{- $key := base $reference -}}
{{- if not (hasKey $.Values.secrets $key) -}}
{{- fail (printf "config reads %s: set existingSecret to a Secret that has the key %s, or secrets.%s" $reference $key $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
