package org

import "yuzhou/kernel/module"

func verbs() []module.Verb { return nil }
