{{/*
The definitions of this chart by name, and whose they are in the cluster: "ours" (or not there yet) or "theirs". Where no
cluster is asked (helm template, GitOps) all are ours, so that the answer is the same everywhere.
*/}}
{{- define "base.definitions" -}}
{{- range $path, $_ := .Files.Glob "files/crds/*.yaml" }}
{{- $name := trimSuffix ".yaml" (base $path) }}
{{- if not (has $name $.Values.base.excludedCRDs) }}
{{- $found := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" $name }}
{{- $notes := dig "metadata" "annotations" dict ($found | default dict) }}
{{- $isOurs := and (eq (get $notes "meta.helm.sh/release-name") $.Release.Name) (eq (get $notes "meta.helm.sh/release-namespace") $.Release.Namespace) }}
{{ $name }}: {{ or (not $found) $isOurs | ternary "ours" "theirs" }}
{{- end }}
{{- end }}
{{- end }}
