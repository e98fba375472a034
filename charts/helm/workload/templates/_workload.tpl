{{- define "workload.env" -}}
{{- $env := list -}}
{{- range $name, $value := .Values.env -}}
{{- if kindIs "string" $value -}}
{{- $env = append $env (dict "name" $name "value" $value) -}}
{{- else -}}
{{- $env = append $env (merge (dict "name" $name) $value) -}}
{{- end -}}
{{- end -}}
{{- dict "env" $env | toJson -}}
{{- end }}
