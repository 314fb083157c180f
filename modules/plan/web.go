package plan

import "yuzhou/kernel/web"

func (s *Service) routes(rt *web.Router) {}
