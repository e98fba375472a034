{{/* Names, labels and images. Each takes the chart's root context unless it says otherwise. */}}

{{- define "swarmbench-node.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* What `swarmbench clean` finds objects by. */}}
{{- define "swarmbench-node.labels" -}}
{{ include "swarmbench-node.selectorLabels" . }}
{{ include "swarmbench-node.commonLabels" . }}
{{- end }}

{{- define "swarmbench-node.commonLabels" -}}
app.kubernetes.io/managed-by: swarmbench
{{- with .Values.run }}
{{- with .experiment }}
swarmbench.dev/experiment: {{ . | quote }}
{{- end }}
{{- with .id }}
swarmbench.dev/run: {{ . | quote }}
{{- end }}
{{- with .group }}
swarmbench.dev/group: {{ . | quote }}
{{- end }}
{{- with .role }}
swarmbench.dev/role: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* An image: a dict of root and image. A digest wins over a tag; without either the tag is the
     version of the chart. */}}
{{- define "swarmbench-node.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* Not empty where an agent stands beside the program: always, unless a chart lets it be left out. */}}
{{- define "swarmbench-node.hasAgent" -}}
{{- if or (not (hasKey .Values.agent "enabled")) .Values.agent.enabled -}}true{{- end -}}
{{- end }}

{{- define "swarmbench-node.tokenSecret" -}}
{{ .Values.agent.tokenSecret | default (printf "%s-token" .Release.Name) }}
{{- end }}

{{/* Labels that the pods of one run share: what spreading and network policies go by. */}}
{{- define "swarmbench-node.runLabels" -}}
{{- if .Values.run.id -}}
swarmbench.dev/run: {{ .Values.run.id | quote }}
{{- else -}}
{{ include "swarmbench-node.selectorLabels" . }}
{{- end -}}
{{- end }}

{{/* Every port as a list of {name, port, protocol}, under the key `ports`. */}}
{{- define "swarmbench-node.ports" -}}
{{- $ports := list -}}
{{- with .Values.ports.data -}}
{{- $ports = append $ports (dict "name" "data" "port" . "protocol" "TCP") -}}
{{- $ports = append $ports (dict "name" "data-udp" "port" . "protocol" "UDP") -}}
{{- end -}}
{{- with .Values.ports.api -}}
{{- $ports = append $ports (dict "name" "api" "port" . "protocol" "TCP") -}}
{{- end -}}
{{- range .Values.ports.extra -}}
{{- $ports = append $ports (dict "name" .name "port" .port "protocol" (.protocol | default "TCP")) -}}
{{- end -}}
{{- dict "ports" $ports | toJson -}}
{{- end }}
