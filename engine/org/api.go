package org

import "yuzhou/kernel/web"

func (s *Service) operations(*web.Router) {}
