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
{{- /* Helm writes a large number as 2.0261121e+07. */}}
{{- printf "%s/%s:%s" $hub .image (kindIs "string" $tag | ternary $tag (int64 $tag | toString)) }}
{{- end }}
{{- end }}

{{/* What injection needs of the values, as JSON. */}}
{{- define "pillion.injectorValues" -}}
{{- $values := include "pillion.values" . | fromYaml }}
{{- $global := pick (deepCopy .Values.global) "imagePullPolicy" "imagePullSecrets" "multiCluster" "network" "proxy" }}
{{- $_ := set $global.proxy "image" (include "pillion.image" (dict "root" . "image" .Values.global.proxy.image)) }}
{{- $native := dig "ENABLE_NATIVE_SIDECARS" "auto" ($values.env | default dict) | toString }}
{{- dict
  "global" $global
  "pilot" (dict "env" (dict "ENABLE_NATIVE_SIDECARS" $native))
  "revision" (include "pillion.revision" .)
  "revisionTags" (.Values.revisionTags | default list)
  "sidecarInjectorWebhook" (.Values.sidecarInjectorWebhook | default dict)
  | toPrettyJson }}
{{- end }}

{{/*
Fails when another control plane serves this revision, by its webhook configuration. Where no cluster is asked (helm template,
GitOps) the control plane itself says so, and does nothing.
*/}}
{{- define "pillion.assertRevisionIsFree" -}}
{{- $name := include "pillion.revisioned" (dict "root" . "name" "istio-sidecar-injector") }}
{{- $role := include "pillion.clusterRole" . }}
{{- with lookup "admissionregistration.k8s.io/v1" "MutatingWebhookConfiguration" "" $name }}
{{- $isPillion := eq (dig "labels" "app.kubernetes.io/managed-by" "" .metadata) "pillion" }}
{{- $owners := list }}
{{- range .metadata.ownerReferences }}
{{- $owners = append $owners .name }}
{{- end }}
{{- if not (and $isPillion (or (not $owners) (has $role $owners))) }}
{{- $whose := $isPillion | ternary (printf "the Pillion installation of ClusterRole %q" (join ", " $owners)) "a control plane that is not Pillion" }}
{{- fail (printf "revision %q is taken: MutatingWebhookConfiguration %q belongs to %s. Uninstall that one first, or install this one beside it with --set revision=NAME." (include "pillion.revision" $) $name $whose) }}
{{- end }}
{{- end }}
{{- end }}
