{{/* All objects of a group of nodes: takes what swarmbench-node.pod takes. */}}
{{- define "swarmbench-node.objects" -}}
{{- $root := .root -}}
{{- include "swarmbench-node.service" $root }}
---
{{ include "swarmbench-node.statefulSet" . }}
{{- if and (include "swarmbench-node.hasAgent" $root) (not $root.Values.agent.tokenSecret) }}
---
{{ include "swarmbench-node.token" $root }}
{{- end }}
{{- if $root.Values.networkPolicy.enabled }}
---
{{ include "swarmbench-node.networkPolicy" $root }}
{{- end }}
{{- end }}

{{/* Headless: it gives each pod a name, nothing goes through it. */}}
{{- define "swarmbench-node.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "swarmbench-node.labels" . | nindent 4 }}
spec:
  clusterIP: None
  # Peers are told each other's addresses before any of them is ready.
  publishNotReadyAddresses: true
  selector:
    {{- include "swarmbench-node.selectorLabels" . | nindent 4 }}
  ports:
    {{- range (include "swarmbench-node.ports" . | fromJson).ports }}
    - name: {{ .name }}
      port: {{ .port | int }}
      targetPort: {{ .name }}
      protocol: {{ .protocol }}
    {{- end }}
    {{- if include "swarmbench-node.hasAgent" . }}
    - name: agent
      port: {{ .Values.agent.port }}
      targetPort: agent
      protocol: TCP
    {{- end }}
{{- end }}

{{- define "swarmbench-node.statefulSet" -}}
{{- $root := .root -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $root.Release.Name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "swarmbench-node.labels" $root | nindent 4 }}
spec:
  serviceName: {{ $root.Release.Name }}
  replicas: {{ $root.Values.nodes }}
  # All at once: what is measured is a swarm, not a rollout.
  podManagementPolicy: Parallel
  selector:
    matchLabels:
      {{- include "swarmbench-node.selectorLabels" $root | nindent 6 }}
  template:
    {{- include "swarmbench-node.pod" . | nindent 4 }}
  {{- with $root.Values.data }}
  {{- if .storageClass }}
  # The volumes go with the run.
  persistentVolumeClaimRetentionPolicy:
    whenDeleted: Delete
    whenScaled: Delete
  volumeClaimTemplates:
    - metadata:
        name: data
        labels:
          {{- include "swarmbench-node.labels" $root | nindent 10 }}
      spec:
        accessModes: ["ReadWriteOnce"]
        storageClassName: {{ .storageClass }}
        resources:
          requests:
            storage: {{ .size | quote }}
  {{- end }}
  {{- end }}
{{- end }}

{{/* The agents' token, where nobody brought one. An installed release keeps the one it has. */}}
{{- define "swarmbench-node.token" -}}
{{- $name := include "swarmbench-node.tokenSecret" . -}}
{{- $known := lookup "v1" "Secret" .Release.Namespace $name -}}
apiVersion: v1
kind: Secret
metadata:
  name: {{ $name }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "swarmbench-node.labels" . | nindent 4 }}
type: Opaque
data:
  token: {{ ternary (dig "data" "token" "" $known) (randAlphaNum 48 | b64enc) (not (empty $known)) | quote }}
{{- end }}

{{/* Lets the pods of one experiment talk to each other and to DNS, and to nobody else. */}}
{{- define "swarmbench-node.networkPolicy" -}}
{{- $peers := dict "podSelector" dict -}}
{{- with .Values.run.experiment -}}
{{- $peers = dict "podSelector" (dict "matchLabels" (dict "swarmbench.dev/experiment" .)) -}}
{{- end -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "swarmbench-node.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "swarmbench-node.selectorLabels" . | nindent 6 }}
  policyTypes: ["Ingress", "Egress"]
  ingress:
    - from:
        - {{- toYaml $peers | nindent 10 }}
        {{- with .Values.networkPolicy.extraFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  egress:
    - to:
        - {{- toYaml $peers | nindent 10 }}
    - ports:
        - port: 53
          protocol: UDP
        - port: 53
          protocol: TCP
{{- end }}
