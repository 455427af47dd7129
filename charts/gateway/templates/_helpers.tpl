{{- define "gateway.name" -}}
{{ .Values.name | default .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "gateway.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (include "gateway.name" .) }}
{{- end }}

{{/* What Services and Gateways select pods by; never changes while the gateway lives. */}}
{{- define "gateway.selectorLabels" -}}
{{- $labels := .Values.labels | default dict -}}
app: {{ $labels.app | default (include "gateway.name" .) | quote }}
istio: {{ $labels.istio | default (include "gateway.name" . | trimPrefix "istio-") | quote }}
{{- end }}

{{- define "gateway.labels" -}}
{{- $name := include "gateway.name" . }}
{{- $usual := dict
  "app.kubernetes.io/name" $name
  "app.kubernetes.io/instance" $name
  "app.kubernetes.io/managed-by" .Release.Service
  "app.kubernetes.io/part-of" "pillion" }}
{{- mergeOverwrite $usual (.Values.labels | default dict) (include "gateway.selectorLabels" . | fromYaml) | toYaml }}
{{- end }}

{{/* Of the pods: with what leads them to the webhook of their control plane. */}}
{{- define "gateway.podLabels" -}}
{{- $injection := dict "sidecar.istio.io/inject" "true" }}
{{- with .Values.revision }}
{{- $_ := set $injection "istio.io/rev" . }}
{{- end }}
{{- mergeOverwrite (deepCopy (.Values.labels | default dict)) $injection (include "gateway.selectorLabels" . | fromYaml) | toYaml }}
{{- end }}
