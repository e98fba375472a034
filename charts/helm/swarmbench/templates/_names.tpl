{{- define "swarmbench.selectorLabels" -}}
app.kubernetes.io/name: swarmbench
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Whose the objects are, and those that the runner makes: two releases do not share it, because a
     runner removes what an earlier one left under it. */}}
{{- define "swarmbench.experiment" -}}
{{ .Values.experimentName | default .Release.Name }}
{{- end }}

{{- define "swarmbench.labels" -}}
{{ include "swarmbench.selectorLabels" . }}
app.kubernetes.io/managed-by: swarmbench
swarmbench.dev/experiment: {{ include "swarmbench.experiment" . | quote }}
{{- end }}

{{/* A digest wins over a tag; without either the tag is the version of the chart. */}}
{{- define "swarmbench.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "swarmbench.account" -}}
{{ .Values.serviceAccount | default .Release.Name }}
{{- end }}

{{- define "swarmbench.tokenSecret" -}}
{{ .Values.agent.tokenSecret | default (printf "%s-token" .Release.Name) }}
{{- end }}

{{/* The claim of the results; empty: they are in the runner's pod. */}}
{{- define "swarmbench.claim" -}}
{{- if .Values.results.existingClaim -}}
{{ .Values.results.existingClaim }}
{{- else if .Values.results.size -}}
{{ .Release.Name }}-results
{{- end -}}
{{- end }}

{{/* Whose volume a pod has: what others that share it find its machine by (charts/argo-workflows). */}}
{{- define "swarmbench.claimLabel" -}}
{{- with include "swarmbench.claim" . -}}
swarmbench.dev/claim: {{ . | trunc 63 | trimAll "-." | quote }}
{{- end -}}
{{- end }}

{{/* The volume of the results, as one item of a list. */}}
{{- define "swarmbench.resultsVolume" -}}
- name: results
  {{- with include "swarmbench.claim" . }}
  persistentVolumeClaim:
    claimName: {{ . }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- end }}

{{/* The agent that hands out results. */}}
{{- define "swarmbench.resultsAgent" -}}
- name: agent
  image: {{ include "swarmbench.image" (dict "root" . "image" .Values.agent.image) | quote }}
  imagePullPolicy: {{ .Values.agent.image.pullPolicy }}
  command: ["swarmbench-agent", "serve", "--root", "/results", "--port", "{{ .Values.agent.port }}", "--token-file", "/run/swarmbench/token"{{ if .Values.results.hold }}, "--linger", "100"{{ end }}]
  ports:
    - name: agent
      containerPort: {{ .Values.agent.port }}
      protocol: TCP
  readinessProbe:
    tcpSocket:
      port: agent
    periodSeconds: 1
    failureThreshold: 30
  securityContext:
    {{- include "swarmbench.closed" $ | nindent 4 }}
  resources:
    {{- toYaml .Values.agent.resources | nindent 4 }}
  volumeMounts:
    - name: results
      mountPath: /results
    - name: token
      mountPath: /run/swarmbench
      readOnly: true
{{- end }}

{{/* Who the pods of this chart are, and where they go. */}}
{{- define "swarmbench.podCommon" -}}
enableServiceLinks: false
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "swarmbench.closed" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end }}
