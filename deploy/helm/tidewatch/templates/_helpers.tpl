{{- define "tidewatch.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "tidewatch.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "tidewatch.name" .) .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name (include "tidewatch.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "tidewatch.selector" -}}
app.kubernetes.io/name: {{ include "tidewatch.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "tidewatch.labels" -}}
{{ include "tidewatch.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: tidewatch
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "tidewatch.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "tidewatch.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "tidewatch.fullname" .) .Values.serviceAccount.name }}
{{- else }}{{ default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* Where to export to, as the profiles want it. */}}
{{- define "tidewatch.exportEnv" -}}
{{- range $name, $url := dict "TIDEWATCH_ELASTICSEARCH_URL" .Values.exportTo.elasticsearch "TIDEWATCH_LOKI_URL" .Values.exportTo.loki "TIDEWATCH_REMOTE_WRITE_URL" .Values.exportTo.remoteWrite "TIDEWATCH_ALERTMANAGER_URL" .Values.exportTo.alertmanager "TIDEWATCH_KAFKA_BROKERS" .Values.kafka.brokers }}
{{- if $url }}
- {name: {{ $name }}, value: {{ $url | quote }}}
{{- end }}
{{- end }}
{{- end }}

{{/* What the presets take away from builtin:kubernetes. A list replaces the profile's. */}}
{{- define "tidewatch.agentConfig" -}}
{{- $p := .Values.presets }}
{{- $named := list "memory_limiter" }}
{{- if $p.kubelet.enabled }}{{ $named = append $named "kubelet" }}{{ end }}
{{- $named = append $named "host" }}
{{- $logs := list "otlp" }}
{{- if $p.podLogs.enabled }}{{ $logs = append $logs "tail" }}{{ end }}
{{- $metrics := list "otlp" }}
{{- if $p.hostMetrics.enabled }}{{ $metrics = concat $metrics (list "host_metrics" "host_metrics/processes") }}{{ end }}
{{- if $p.kubelet.enabled }}{{ $metrics = append $metrics "scrape" }}{{ end }}
{{- if not .Values.kafka.brokers }}{{ $metrics = concat $metrics (list "pattern" "red") }}{{ end }}
{{- $config := dict "service" (dict "pipelines" (dict
  "logs" (dict "receivers" $logs "processors" (concat $named (list "log_pattern" "error_code")))
  "metrics" (dict "receivers" $metrics "processors" $named)
  "traces" (dict "processors" $named))) }}
{{- mergeOverwrite $config (deepCopy .Values.config) | toYaml }}
{{- end }}

{{- define "tidewatch.probe" -}}
httpGet: {path: {{ .path }}, port: health}
{{ toYaml .probe }}
{{- end }}
