// podsecurity LEVEL FILE...: judges each pod and each template of pods in YAML files as the API server does in a namespace whose
// pod-security.kubernetes.io/enforce is LEVEL, with its own library. Exit code: 0 all are let in, 1 one is not, 2 a file is unreadable.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	documents "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// Where the kinds that have pods keep them.
type object struct {
	meta.TypeMeta `json:",inline"`
	Metadata      meta.ObjectMeta `json:"metadata"`
	Spec          struct {
		Template    core.PodTemplateSpec  `json:"template"`
		JobTemplate batch.JobTemplateSpec `json:"jobTemplate"`
	} `json:"spec"`
}

func podOf(text []byte) (string, *core.PodTemplateSpec, error) {
	var o object
	if err := yaml.Unmarshal(text, &o); err != nil {
		return "", nil, err
	}
	name := o.Kind + "/" + o.Metadata.Name
	switch o.Kind {
	case "Pod":
		var pod core.PodTemplateSpec
		return name, &pod, yaml.Unmarshal(text, &pod)
	case "Job", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet":
		return name, &o.Spec.Template, nil
	case "CronJob":
		return name, &o.Spec.JobTemplate.Spec.Template, nil
	}
	return name, nil, nil
}

func judge(file string, level api.LevelVersion, by policy.Evaluator) (judged int, refused int, err error) {
	opened, err := os.Open(file)
	if err != nil {
		return 0, 0, err
	}
	defer opened.Close()
	for reader := documents.NewYAMLReader(bufio.NewReader(opened)); ; {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return judged, refused, nil
		}
		if err != nil {
			return judged, refused, err
		}
		name, pod, err := podOf(text)
		if err != nil {
			return judged, refused, err
		}
		if pod == nil {
			continue
		}
		judged++
		result := policy.AggregateCheckResults(by.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec))
		if !result.Allowed {
			fmt.Printf("%s: %s: %s\n", file, name, result.ForbiddenDetail())
			refused++
		}
	}
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: podsecurity LEVEL FILE...")
		os.Exit(2)
	}
	level, err := api.ParseLevel(os.Args[1])
	by, err2 := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil || err2 != nil {
		fmt.Fprintln(os.Stderr, err, err2)
		os.Exit(2)
	}
	judged, refused := 0, 0
	for _, file := range os.Args[2:] {
		n, bad, err := judge(file, api.LevelVersion{Level: level, Version: api.LatestVersion()}, by)
		if err != nil {
			fmt.Fprintln(os.Stderr, file+":", err)
			os.Exit(2)
		}
		judged, refused = judged+n, refused+bad
	}
	fmt.Printf("%d judged as %s, %d refused\n", judged, level, refused)
	if refused > 0 {
		os.Exit(1)
	}
}
