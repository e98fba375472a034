{{/* The pod of a node: its program under the launcher, and the agent beside it.

     A dict of
       root       the chart's context
       launcher   true: the program waits for the runner's launch; false: it is the image's own
       env        the node container's environment, a list
       volumes, mounts  further ones of the node container, lists
     and, where launcher is false, command, args, readiness (a probe) and securityContext. */}}
{{- define "swarmbench-node.pod" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
metadata:
  labels:
    {{- include "swarmbench-node.labels" $root | nindent 4 }}
  {{- $annotations := dict -}}
  {{- with $values.network.ingressBandwidth }}{{ $_ := set $annotations "kubernetes.io/ingress-bandwidth" . }}{{ end -}}
  {{- with $values.network.egressBandwidth }}{{ $_ := set $annotations "kubernetes.io/egress-bandwidth" . }}{{ end -}}
  {{- $annotations = merge (dict) $values.podAnnotations $annotations -}}
  {{- with $annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with $values.serviceAccount }}
  serviceAccountName: {{ . }}
  {{- end }}
  # A node speaks to its peers and to nobody's API server.
  automountServiceAccountToken: false
  enableServiceLinks: false
  # The agent samples the node's processes through /proc.
  shareProcessNamespace: true
  terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "swarmbench-node.antiAffinity" $root }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with $values.topologySpread }}
  topologySpreadConstraints:
    {{- range . }}
    - topologyKey: {{ .topologyKey }}
      maxSkew: {{ .maxSkew | default 1 }}
      whenUnsatisfiable: {{ .whenUnsatisfiable | default "ScheduleAnyway" }}
      labelSelector:
        matchLabels:
          {{- include "swarmbench-node.selectorLabels" $root | nindent 10 }}
    {{- end }}
  {{- end }}
  securityContext:
    {{- $ids := .securityContext | default dict }}
    runAsNonRoot: true
    runAsUser: {{ $ids.runAsUser | default 10001 | int64 }}
    runAsGroup: {{ $ids.runAsGroup | default 10001 | int64 }}
    fsGroup: {{ $ids.fsGroup | default 10001 | int64 }}
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
    {{- with $values.network.sysctls }}
    sysctls:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- if include "swarmbench-node.hasAgent" $root }}
  initContainers:
    - name: install
      image: {{ include "swarmbench-node.image" (dict "root" $root "image" $values.agent.image) | quote }}
      imagePullPolicy: {{ $values.agent.image.pullPolicy }}
      command: ["swarmbench-agent", "install", "/swarmbench/bin"]
      securityContext:
        {{- include "swarmbench-node.closed" true | nindent 8 }}
      resources:
        {{- toYaml $values.agent.resources | nindent 8 }}
      volumeMounts:
        - name: tools
          mountPath: /swarmbench/bin
  {{- end }}
  containers:
    - name: node
      image: {{ include "swarmbench-node.image" (dict "root" $root "image" $values.image) | quote }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      {{- if .launcher }}
      command: ["/swarmbench/bin/swarmbench-launcher", "/swarmbench/node"]
      {{- else }}
      {{- with .command }}
      command:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .args }}
      args:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- end }}
      {{- with .env }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with (include "swarmbench-node.ports" $root | fromJson).ports }}
      ports:
        {{- range . }}
        - name: {{ .name }}
          containerPort: {{ .port | int }}
          protocol: {{ .protocol }}
        {{- end }}
      {{- end }}
      {{- with .readiness }}
      readinessProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- include "swarmbench-node.closed" false | nindent 8 }}
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /swarmbench/node
        {{- if .launcher }}
        - name: tools
          mountPath: /swarmbench/bin
          readOnly: true
        {{- end }}
        {{- with .mounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- if include "swarmbench-node.hasAgent" $root }}
    {{- include "swarmbench-node.agent" $root | nindent 4 }}
    {{- end }}
  volumes:
    {{- if not $values.data.storageClass }}
    - name: data
      emptyDir:
        sizeLimit: {{ $values.data.size | quote }}
    {{- end }}
    {{- if include "swarmbench-node.hasAgent" $root }}
    - name: tools
      emptyDir:
        sizeLimit: 64Mi
    - name: token
      secret:
        secretName: {{ include "swarmbench-node.tokenSecret" $root }}
        defaultMode: 0440
    {{- end }}
    {{- with .volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "swarmbench-node.agent" -}}
- name: agent
  image: {{ include "swarmbench-node.image" (dict "root" . "image" .Values.agent.image) | quote }}
  imagePullPolicy: {{ .Values.agent.image.pullPolicy }}
  command: ["swarmbench-agent", "serve", "--root", "/swarmbench/node", "--port", "{{ .Values.agent.port }}", "--token-file", "/run/swarmbench/token"]
  ports:
    - name: agent
      containerPort: {{ .Values.agent.port }}
      protocol: TCP
  readinessProbe:
    tcpSocket:
      port: agent
    periodSeconds: 1
    timeoutSeconds: 5
    failureThreshold: 30
  securityContext:
    {{- include "swarmbench-node.closed" true | nindent 4 }}
  resources:
    {{- toYaml .Values.agent.resources | nindent 4 }}
  volumeMounts:
    - name: data
      mountPath: /swarmbench/node
    - name: token
      mountPath: /run/swarmbench
      readOnly: true
{{- end }}

{{/* A container that can do nothing beside its work; the argument tells whether it needs no file
     system of its own. */}}
{{- define "swarmbench-node.closed" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: {{ . }}
capabilities:
  drop: ["ALL"]
{{- end }}

{{/* Keeps nodes of a run on machines of their own. */}}
{{- define "swarmbench-node.antiAffinity" -}}
{{- if ne .Values.antiAffinity "none" -}}
affinity:
  podAntiAffinity:
    {{- if eq .Values.antiAffinity "required" }}
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "swarmbench-node.runLabels" . | nindent 12 }}
    {{- else }}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "swarmbench-node.runLabels" . | nindent 14 }}
    {{- end }}
{{- end }}
{{- end }}
