{{/* The values, with what stands under pilot over what stands at the top. */}}
{{- define "pillion.values" -}}
{{- mergeOverwrite (deepCopy (omit .Values "pilot")) (deepCopy (.Values.pilot | default dict)) | toYaml }}
{{- end }}

{{- define "pillion.revision" -}}
{{ .Values.revision | default "default" }}
{{- end }}

{{/* A name of the default revision, or that name with the revision behind it. */}}
{{- define "pillion.revisioned" -}}
{{- $revision := include "pillion.revision" .root }}
{{- eq $revision "default" | ternary .name (printf "%s-%s" .name $revision) }}
{{- end }}

{{- define "pillion.name" -}}
{{ include "pillion.revisioned" (dict "root" . "name" "istiod") }}
{{- end }}

{{/* Owner of what the control plane makes at run time: that goes when helm uninstall takes this role away. */}}
{{- define "pillion.clusterRole" -}}
istiod-clusterrole-{{ include "pillion.revision" . }}-{{ .Release.Namespace }}
{{- end }}

{{/* What the Service selects pods by. Istio's own Service asks for istio=pilot, so only the default revision may have it. */}}
{{- define "pillion.selectorLabels" -}}
app: istiod
{{- if eq (include "pillion.revision" .) "default" }}
istio: pilot
{{- end }}
istio.io/rev: {{ include "pillion.revision" . | quote }}
{{- end }}

{{- define "pillion.labels" -}}
app: istiod
istio.io/rev: {{ include "pillion.revision" . | quote }}
app.kubernetes.io/name: istiod
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
app.kubernetes.io/part-of: pillion
{{- end }}

{{/* HUB/IMAGE:TAG, or the image itself when it has a slash. */}}
{{- define "pillion.image" -}}
{{- if contains "/" .image }}
{{- .image }}
{{- else }}
{{- $hub := .hub | default .root.Values.global.hub }}
{{- $tag := .tag | default .root.Values.global.tag | default .root.Chart.AppVersion }}
{{- printf "%s/%s:%v" $hub .image $tag }}
{{- end }}
{{- end }}

{{/* What injection needs of the values, as JSON. */}}
{{- define "pillion.injectorValues" -}}
{{- $values := include "pillion.values" . | fromYaml }}
{{- $global := pick (deepCopy .Values.global) "imagePullPolicy" "imagePullSecrets" "multiCluster" "network" "proxy" }}
{{- $_ := set $global.proxy "image" (include "pillion.image" (dict "root" . "image" .Values.global.proxy.image)) }}
{{- $native := toString $values.env.ENABLE_NATIVE_SIDECARS }}
{{- dict
  "global" $global
  "pilot" (dict "env" (dict "ENABLE_NATIVE_SIDECARS" $native))
  "revision" (include "pillion.revision" .)
  "sidecarInjectorWebhook" .Values.sidecarInjectorWebhook
  | toPrettyJson }}
{{- end }}
